# _rc_options has the options of a command: --name, or --name=KIND where it takes a value; KIND is FILE, FOLDER,
# words as a|b|c, or nothing.

_rc_offer() { mapfile -t COMPREPLY < <(compgen -W "$*" -- "$word"); }

# Where $words are `rc-manage PRODUCT COMMAND ...` they become those of the command; before that a name is offered, and 0 returned.
_rc_manage() {
  local product=${RC_PRODUCT-} at=1 names=(help) name
  if [[ ${words[1]-} && " ${_rc_products[*]} " == *" ${words[1]//_/-} "* ]]; then
    product=${words[1]//_/-} at=2
  fi
  [[ ${words[at]-} != help ]] || at=$((at + 1))
  if ((${#words[@]} > at)); then
    if [[ ${words[at]} == completion ]]; then
      _rc_offer bash zsh
      return 0
    fi
    words=("$product-${words[at]//_/-}" "${words[@]:at+1}")
    return 1
  fi
  [[ $word != -* ]] || return 1
  ((at > 1)) || names+=(completion "${_rc_products[@]}")
  for name in "${_rc_commands[@]}"; do
    [[ ! $product || $name != "$product"-* ]] || names+=("${name#"$product"-}")
  done
  [[ $word != *_* ]] || names=("${names[@]//-/_}")
  _rc_offer "${names[@]}"
}

_rc() {
  local word=${COMP_WORDS[COMP_CWORD]} words options option known before=''
  COMPREPLY=()
  # An alias as manage.py='rc-manage recotem' stands for its words.
  read -ra words <<<"${BASH_ALIASES[$1]-$1}"
  words+=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
  words[0]=${words[0]##*/}
  if [[ ${words[0]} == rc-manage ]] && _rc_manage; then return; fi

  if [[ " ${words[*]} " == *' -- '* ]]; then # a command of the user's
    if [[ ${words[-1]} == -- ]]; then mapfile -t COMPREPLY < <(compgen -c -- "$word"); else compopt -o default; fi
    return
  fi
  # --name=value is one word, or three where readline parts words at `=`.
  option=${words[-1]}
  if [[ $option == '=' ]]; then
    option=${words[-2]}
  elif [[ $word == '=' ]]; then
    word=''
  elif [[ $word == --*=* ]]; then
    option=${word%%=*} before=${word%%=*}= word=${word#*=}
  fi
  read -ra options <<<"${_rc_options[${words[0]}]-}"
  for known in "${options[@]}"; do
    [[ $known == "$option="* ]] || continue
    case ${known#*=} in
    FILE) compopt -o default ;;
    FOLDER) compopt -o dirnames ;;
    *) mapfile -t COMPREPLY < <(known=${known#*=} && compgen -P "$before" -W "${known//|/ }" -- "$word") ;;
    esac
    return
  done
  if [[ $word == -* ]]; then _rc_offer "${options[@]%%=*}"; else compopt -o default; fi
}

complete -F _rc "${_rc_commands[@]}"
