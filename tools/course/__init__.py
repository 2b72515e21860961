"""`python -m tools.course`: make nbgrader's course from the book, and grade a folder of submissions."""
