"""Spans, tagging schemes and scores: everything that needs only tags. Depends only on numpy."""
