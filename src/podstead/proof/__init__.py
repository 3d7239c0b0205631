"""What works, and why not: checks with their judges, evidence, causes and remedies."""
