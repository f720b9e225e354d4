"""Parts of `CoefficientPathDisplay`: the coefficients by epoch, and names beside their lines."""
