const { runtime } = /** @type {any} */ (globalThis).chrome;
const field = /** @type {HTMLInputElement} */ (document.querySelector('#server'));
const status = /** @type {HTMLElement} */ (document.querySelector('[role=status]'));

field.value = localStorage.getItem('server') ?? '';
document.querySelector('form')?.addEventListener('submit', async (event) => {
  event.preventDefault();
  localStorage.setItem('server', field.value);
  status.textContent = '…';
  status.textContent = await runtime.sendMessage({ act: event.submitter?.id, server: field.value });
});
