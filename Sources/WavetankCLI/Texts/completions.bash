# Completions of wavetank for bash.
_wavetank() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=serve words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ] && [[ $word != -* ]]; then
    COMPREPLY=($(compgen -W "@COMMANDS@" -- "$word"))
    return
  fi
  case ${COMP_WORDS[1]} in -*) ;; *) command=${COMP_WORDS[1]} ;; esac
  case $command:$previous in
#@VALUES@
  esac
  case $command in
#@WORDS@
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  case $command:$word in check:[!-]* | check: | ctl:[!-]*)
    COMPREPLY+=($(compgen -f -- "$word")) ;;
  esac
}
complete -F _wavetank wavetank
