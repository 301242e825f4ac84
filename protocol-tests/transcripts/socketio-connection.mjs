export const socketioConnection = [];
