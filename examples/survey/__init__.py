"""What the example orchestrator works on: a folder of Python files, surveyed module by module."""
