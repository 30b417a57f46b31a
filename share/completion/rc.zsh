# _rc_options COMMAND sets $options to its options, in the form of _arguments.

# Where $words are `rc-manage PRODUCT COMMAND ...` they become those of the command; before that a name is offered, and 0 returned.
_rc_manage() {
  local product=${RC_PRODUCT-} at=2
  local -a names=(help)
  if (( CURRENT > 2 && ${_rc_products[(Ie)${words[2]//_/-}]} )); then
    product=${words[2]//_/-} at=3
  fi
  if (( CURRENT > at )) && [[ $words[at] == help ]]; then (( at++ )); fi
  if (( CURRENT > at )); then
    if [[ $words[at] == completion ]]; then
      compadd -- bash zsh
      return 0
    fi
    compstate[restore]='' # the words stay changed
    words[at]=$product-${words[at]//_/-}
    shift $(( at - 1 )) words
    (( CURRENT -= at - 1 ))
    return 1
  fi
  [[ $words[CURRENT] != -* ]] || return 1
  (( at > 2 )) || names+=(completion $_rc_products)
  [[ -z $product ]] || names+=(${${(M)_rc_commands:#$product-*}#$product-})
  [[ $words[CURRENT] != *_* ]] || names=(${names//-/_})
  compadd -- $names
  return 0
}

_rc() {
  local -a options
  local at
  words[1]=${words[1]:t}
  if [[ $words[1] == rc-manage ]] && _rc_manage; then return; fi

  at=${words[(ie)--]}
  if (( at < CURRENT )); then # a command of the user's
    shift $at words
    (( CURRENT -= at ))
    _normal
    return
  fi
  _rc_options $words[1] || return
  _arguments -S : $options '*:file:_files'
}

# In a folder of $fpath the file is the function itself; a shell may also source it, after compinit.
if [[ $funcstack[1] == _rc ]]; then _rc "$@"; else compdef _rc $_rc_commands; fi
