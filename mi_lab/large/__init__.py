"""Tables that do not fit: read in chunks, counted exactly where labels are, sub-sampled where neighbours are."""

from mi_lab.large.sources import LargeTable, is_large, open_table

__all__ = ["LargeTable", "is_large", "open_table"]
