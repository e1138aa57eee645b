require('@testing-library/jest-dom');

// A test that lets React or our own code complain on the console fails.
for (const level of ['error', 'warn']) {
  console[level] = (...message) => {
    throw new Error(`console.${level}: ${message.map(String).join(' ')}`);
  };
}

// jsdom lays nothing out, so there is nothing to scroll.
window.HTMLElement.prototype.scrollIntoView = () => undefined;
