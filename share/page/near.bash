# shellcheck shell=bash disable=SC2154
# A command whose name is nearly the word that was typed, for rc-manage; sourced by it. No process sees the word.

# Whether two words differ by two letters at most.
near() {
  local word=$1 name=$2 i j cost row last
  ((${#word} > 0 && ${#word} < 40 && ${#name} - ${#word} < 3 && ${#word} - ${#name} < 3)) || return 1
  for ((j = 0; j <= ${#name}; j++)); do row[j]=$j; done
  for ((i = 1; i <= ${#word}; i++)); do
    last=("${row[@]}") row=("$i")
    for ((j = 1; j <= ${#name}; j++)); do
      cost=$((last[j - 1] + 1))
      [[ ${word:i-1:1} != "${name:j-1:1}" ]] || cost=${last[j - 1]}
      ((last[j] + 1 >= cost)) || cost=$((last[j] + 1))
      ((row[j - 1] + 1 >= cost)) || cost=$((row[j - 1] + 1))
      row+=("$cost")
    done
  done
  ((row[${#name}] <= 2))
}

# The first command, of the product where there is one, whose name is near the word, with its product or without; no stage has the arguments.
near_command() {
  local folder file name
  for folder in "$rc_share"/sql/*; do
    [[ ! $product || ${folder##*/} == "$product" ]] || continue
    for file in "$rc_share/pages/${folder##*/}"-*; do
      [[ -e $file ]] || continue
      name=${file##*/}
      if near "$1" "${name#*-}" || { [[ ! $product ]] && near "$1" "$name"; }; then
        printf '%s\n' "${name%%-*} ${name#*-}"
        return
      fi
    done
  done
}
