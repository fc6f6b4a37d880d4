"""Spans, tagging schemes and scores: everything that is computed from tags alone. numpy only."""
