"""Parts of `FitDisplay`: the rows, the predictions between them, and their drawing."""
