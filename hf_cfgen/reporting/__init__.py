"""Rendering only: results as text tables, Markdown and HTML."""
