// Run before double.js: the double then does what a build of 5.0.4 was read to do.
window.CALLS_V5_DOUBLE = "5.0.4";
