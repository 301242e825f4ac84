export const socketioText = [];
