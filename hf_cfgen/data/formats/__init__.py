"""The file formats: one module per format, and how the format of a file is detected."""
