from podstead.deploys import provision

provision()
