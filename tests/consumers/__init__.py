"""The programs that read what is exported, for tests; each has a script that installs it, and tests skip without."""
