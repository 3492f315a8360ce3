// The server answers /vendor/uplot.js with the ES module out of the package uplot.
export { default } from 'uplot';
