"""The objective F: from the data, from their moments, of a function; and its curvature."""
