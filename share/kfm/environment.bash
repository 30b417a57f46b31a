# environment.bash - KFM's own variables for the environment declare it as RC_ENVIRONMENT does; pages source it

for name in KFM_ENV RC_ENV; do
  if [[ ${!name-} == prod || ${!name-} == production ]]; then export RC_ENVIRONMENT=production; fi
done
