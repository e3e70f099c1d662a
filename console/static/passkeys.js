// Passkeys: asks the browser's authenticator and puts its answer into the form. The forms are
// hidden until this script finds that the browser can do it.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const described = (list) => (list ?? []).map((one) => {
    const { transports, ...rest } = one;
    return { ...rest, id: bytes(one.id), ...(transports?.length ? { transports } : {}) };
  });

  const create = async (options) => {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    };
    const made = await navigator.credentials.create({ publicKey });
    const response = made.response;
    const key = response.getPublicKey?.();
    return {
      id: made.id, rawId: text(made.rawId), type: made.type,
      authenticatorAttachment: made.authenticatorAttachment ?? undefined,
      clientExtensionResults: made.getClientExtensionResults(),
      response: {
        clientDataJSON: text(response.clientDataJSON),
        attestationObject: text(response.attestationObject),
        authenticatorData: text(response.getAuthenticatorData()),
        transports: response.getTransports?.() ?? [],
        publicKey: key ? text(key) : undefined,
        publicKeyAlgorithm: response.getPublicKeyAlgorithm(),
      },
    };
  };

  const get = async (options) => {
    const publicKey = {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: described(options.allowCredentials),
    };
    const given = await navigator.credentials.get({ publicKey });
    const response = given.response;
    return {
      id: given.id, rawId: text(given.rawId), type: given.type,
      authenticatorAttachment: given.authenticatorAttachment ?? undefined,
      clientExtensionResults: given.getClientExtensionResults(),
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
        userHandle: response.userHandle ? text(response.userHandle) : undefined,
      },
    };
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    document.querySelector(`[data-without="${form.id}"]`)?.setAttribute("hidden", "");
    form.addEventListener("submit", async (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      const problem = form.querySelector(".problem");
      problem.hidden = true;
      try {
        const asked = JSON.parse(form.dataset.options);
        const options = asked.publicKey ?? asked;
        const answer = form.dataset.passkey === "create" ? await create(options) : await get(options);
        form.elements.credential.value = JSON.stringify(answer);
        form.requestSubmit();
      } catch (error) {
        problem.textContent = `${form.dataset.failed} (${error.name})`;
        problem.hidden = false;
      }
    });
  }
})();
