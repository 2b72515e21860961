"""Long runs behind the book's figures; their results lie in mi_lab/teaching/curves."""
