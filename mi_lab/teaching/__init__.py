"""Teaching: what only the book and the course need: checks of exercises, sliders, curves that were computed ahead."""
