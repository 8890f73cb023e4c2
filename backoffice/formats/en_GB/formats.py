"""British English, with the hours of a day from 0 to 23, as timetables have them."""

TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"
