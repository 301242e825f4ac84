export const socketioBinary = [];
