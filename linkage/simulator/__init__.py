"""Stand-in agencies that speak the real protocol over HTTP; nothing here knows our models."""
