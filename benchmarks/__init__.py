"""Measurements that take longer than a page may: each writes a small result file that names how it was made."""
