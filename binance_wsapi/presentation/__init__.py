"""Models for people and for other programs: as text, tables, dicts, data frames and pictures."""
