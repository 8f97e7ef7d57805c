import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./page.css";

const element = document.getElementById("page");
if (element !== null) createRoot(element).render(<App />);
