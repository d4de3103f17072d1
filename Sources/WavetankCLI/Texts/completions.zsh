#compdef wavetank
# Completions of wavetank for zsh.
_wavetank() {
  local -a commands
  commands=(
#@NAMES@
  )
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe 'command' commands
    return
  fi
  local command=serve
  if [[ $words[2] != -* ]]; then
    command=$words[2]
    shift words
    (( CURRENT-- ))
  fi
  case $command in
#@ARGUMENTS@
  esac
}
if [ "$funcstack[1]" = "_wavetank" ]; then _wavetank "$@"; else compdef _wavetank wavetank; fi
