import { type Static, Type } from "typebox";

export const ConfigReloadAnswer = Type.Object(
  {
    success: Type.Literal(true),
    message: Type.String(),
    changed: Type.Array(Type.String(), { description: "Settings that are in force from now on." }),
    needs_restart: Type.Array(Type.String(), {
      description: "Settings that differ from what the server runs with, and are taken up when it is started anew.",
    }),
  },
  { $id: "ConfigReloadAnswer" },
);
export type ConfigReloadAnswer = Static<typeof ConfigReloadAnswer>;
