from podstead.deploys import verify

verify()
