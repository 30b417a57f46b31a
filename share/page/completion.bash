# completion.bash - tab completion of all commands, made from what each says of itself (--describe); rc-manage sources it
#
#   rc_completion SHELL   prints the script for bash or zsh: tables of the products, the commands and their options, and
#                         behind them share/completion/rc.SHELL, which reads them

# rc_options COMMAND: its options, a line each: name, letter, argument, help, parted by tabs; `-` stands for none.
rc_options() {
  "$rc_bin/$1" --describe | "$rc_bin/rc-record-split" --name options | "$rc_bin/rc-say" $'{name}\t{letter|-}\t{argument|-}\t{help}'
}

# rc_kind ARGUMENT: $kind is FILE, FOLDER, the words a|b|c that the value may be, or nothing where no guess can be made.
rc_kind() {
  kind=''
  case ${1%' ...'} in
  FILE | FILE.*) kind=FILE ;;
  FOLDER | DIR) kind=FOLDER ;;
  *[!a-z\|]*) ;;
  *\|*) kind=${1%' ...'} ;;
  esac
}

# One word an option: --name, or --name=KIND where it takes a value.
rc_options_for_bash() {
  local name letter argument words='' kind
  while IFS=$'\t' read -r name letter argument _; do
    rc_kind "$argument"
    [[ $argument == - ]] || kind="=$kind"
    words+="$name$kind "
    [[ $letter == - ]] || words+="$letter$kind "
  done < <(rc_options "$1")
  printf "  [%s]='%s'\n" "$1" "${words% }"
}

# One word an option, as _arguments of zsh takes it: --name=[help]:argument:action
rc_options_for_zsh() {
  local name letter argument help kind after quote=\'\\\'\'
  printf '  %s) options=(\n' "$1"
  while IFS=$'\t' read -r name letter argument help; do
    help=${help//\\/\\\\} help=${help//[/\\[} help=${help//]/\\]}
    after="[${help//:/\\:}]"
    if [[ $argument != - ]]; then
      name+='=' # the value may stand in the same word
      rc_kind "$argument"
      case $kind in
      FILE) kind=_files ;;
      FOLDER) kind='_files -/' ;;
      ?*) kind="(${kind//|/ })" ;;
      esac
      after+=":${argument//:/\\:}:$kind"
    fi
    after=${after//\'/$quote}
    printf "    '%s'\n" "$name$after"
    [[ $letter == - ]] || printf "    '%s'\n" "$letter$after"
  done < <(rc_options "$1")
  printf '  ) ;;\n'
}

rc_completion() {
  local commands products=() command product
  mapfile -t commands <"$rc_share/commands"
  for product in "$rc_share"/sql/*/; do
    product=$(basename "$product")
    [[ " ${commands[*]}" != *" $product-"* ]] || products+=("$product")
  done
  [[ $1 != zsh ]] || printf '#compdef %s\n\n' "${commands[*]}"
  printf '# tab completion of rc, made by: rc-manage completion %s\n\n' "$1"
  printf '_rc_products=(%s)\n_rc_commands=(%s)\n' "${products[*]}" "${commands[*]}"
  case $1 in
  bash)
    printf 'declare -gA _rc_options=(\n'
    for command in "${commands[@]}"; do rc_options_for_bash "$command"; done
    printf ')\n\n'
    ;;
  zsh)
    # shellcheck disable=SC2016 # zsh's
    printf '%s\n' '_rc_options() {' '  case $1 in'
    for command in "${commands[@]}"; do rc_options_for_zsh "$command"; done
    printf '%s\n\n' '  *) return 1 ;;' '  esac' '}'
    ;;
  esac
  cat "$rc_share/completion/rc.$1"
}
