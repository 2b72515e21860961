"""From book/ to the web book and to notebooks/: source, execute, build, export, and what the pages need."""
