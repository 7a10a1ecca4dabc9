// What the login library's passkey scripts leave to the page: where no passkey can work its button
// goes, and what went wrong is said in words.

const trouble = document.getElementById("passkey-trouble");
const buttons = ["passkey_login", "mfa_webauthn_add", "mfa_webauthn_authenticate", "mfa_webauthn_reauthenticate"]
  .map((id) => document.getElementById(id))
  .filter(Boolean);
// Browsers take the name of a site for a passkey, never its number.
const numbered = /^[\d.]+$|^\[/.test(location.hostname);

function say(text) {
  trouble.textContent = text;
  trouble.hidden = false;
}

if (!window.isSecureContext || !window.PublicKeyCredential || numbered) {
  for (const button of buttons) button.hidden = true;
  // A page with another way in needs no explanation.
  if (buttons.some((button) => /add|reauthenticate/.test(button.id))) say(trouble.dataset.here);
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  say(trouble.dataset.failed);
});
