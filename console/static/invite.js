// Takes the code of an invitation out of the address, where it should not stay, into the field.
"use strict";

(() => {
  const field = document.getElementById("code");
  const code = location.hash.slice(1);
  if (!field || !code) return;
  history.replaceState(null, "", location.pathname);
  field.value = code;
  document.getElementById("password")?.focus();
})();
