#compdef wavetank
# Completions of wavetank for zsh.

# What may stand behind the words $1.
__wavetank_operands() {
  case $1 in
#@OPERANDS@
  esac
}

# The flags that the words $1 read.
__wavetank_flags() {
  case $1 in
#@FLAGS@
  esac
}

# What the value of the flag $1 may be; nothing where it takes none.
__wavetank_values() {
  case $1 in
#@VALUES@
  esac
}

# Offers the candidates $1, a line each.
__wavetank_offer() {
  local line
  local -a names server rules
  local position=${words[(i)--url]}
  (( position < CURRENT )) && server=(--url ${words[position + 1]})
  position=${words[(i)--tenant]}
  (( position < CURRENT )) && rules=(--tenant ${words[position + 1]})
  for line in "${(@f)1}"; do
    case $line in
      @files) _files ;;
      @directories) _files -/ ;;
      @programs) _command_names -e ;;
      @anything | '') ;;
      @tenants) names+=("${(@f)$(${words[1]} completions --names tenants $server 2>/dev/null)}") ;;
      @rules) names+=("${(@f)$(${words[1]} completions --names rules $server $rules 2>/dev/null)}") ;;
      *) names+=("${${line//:/\\:}/$'\t'/:}") ;;
    esac
  done
  names=(${names:#})
  (( $#names )) && _describe wavetank names
}

_wavetank() {
  local path_words='' previous='' next='' index=2
  while (( index < CURRENT )); do
    next=${words[index]}
    (( index++ ))
    case $next in
      --)
        if [[ $path_words = (run|sweep|record) ]]; then
          shift $(( index - 1 )) words
          (( CURRENT -= index - 1 ))
          _normal
          return
        fi ;;
      --*=*) ;;
      -*)
        previous=''
        [[ -n $(__wavetank_values $next) ]] || continue
        (( index < CURRENT )) || previous=$next
        (( index++ )) ;;
      *) path_words="${path_words:+$path_words }$next" ;;
    esac
  done
  if [[ -n $previous ]]; then
    __wavetank_offer "$(__wavetank_values $previous)"
  elif [[ ${words[CURRENT]} = --*=* ]]; then
    local flag=${words[CURRENT]%%=*}
    compset -P '--*='
    __wavetank_offer "$(__wavetank_values $flag)"
  elif [[ ${words[CURRENT]} = -* ]]; then
    __wavetank_offer "$(__wavetank_flags "${path_words:-serve}")"
  else
    __wavetank_offer "$(__wavetank_operands "$path_words")"
  fi
}
if [ "$funcstack[1]" = "_wavetank" ]; then _wavetank "$@"; else compdef _wavetank wavetank; fi
