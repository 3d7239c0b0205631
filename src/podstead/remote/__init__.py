"""The only modules, with :mod:`podstead.deploys`, that know pyinfra (docs/decisions/0002)."""
