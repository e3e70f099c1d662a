// Takes the code of an invitation out of the address, where it should not stay, into the fields.
"use strict";

(() => {
  const fields = document.querySelectorAll('input[name="code"]');
  const code = location.hash.slice(1);
  if (fields.length === 0 || !code) return;
  history.replaceState(null, "", location.pathname);
  for (const field of fields) field.value = code;
  document.getElementById("password")?.focus();
})();
