"""What proves it: the test command, links, the lock file, nbval on Markdown sources."""
