import { withKawa } from "kawa/next/config";

export default withKawa();
