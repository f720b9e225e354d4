"""What several displays share: how they read estimators and paths, and how they draw on axes."""
