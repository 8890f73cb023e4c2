"""How a language writes days and times, where the desk differs from Django."""
