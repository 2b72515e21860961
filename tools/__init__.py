"""What builds the book and runs the course: nothing here is needed to read a chapter or to use mi_lab."""
