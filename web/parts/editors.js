import { mayEdit } from "../session.js";

/** Shows what is in it to whoever may change anything; the functions refuse all others anyway. */
export const Editors = ({ children }) => (mayEdit.value ? children : null);
