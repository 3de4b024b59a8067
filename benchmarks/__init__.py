"""What it costs to have every action recorded, measured side by side."""
