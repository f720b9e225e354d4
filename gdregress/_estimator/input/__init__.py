"""What users hand in: tables, labels, batches and offsets, checked and made arrays."""
