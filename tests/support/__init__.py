"""What several kinds of tests need: models, samples, and looks at the code itself."""
