"""Agencies, links, what they sent (inbox) and what we owe them (outbox)."""
